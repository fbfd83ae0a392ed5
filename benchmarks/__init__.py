"""What the pipeline costs, as ratios against plain reference programs measured in the same run."""
