"""FOCUS exports: the bill of a month, down to tenant and workload, for FinOps tools."""
