"""Does an incident get its right cause? Planted causes against `fct_incidents`."""
