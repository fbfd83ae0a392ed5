"""Orchestration: build the warehouse, ask it, demonstrate it. The one package that imports dbt."""
