"""The made-up company: Brightdesk, a help-desk product with language models in most of its parts.

Plain tables of who and what. Model ids are real ones that the price seed knows and that existed in
2026; the naive prices beside them are what the company's own code believes (it ignores caches,
tiers and batch discounts), never what our ledger uses.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 3  # raise it when the same seed gives other bytes: a kept demo is then made anew
INTERNAL_TENANT = "brightdesk-internal"
KEYED_TENANTS = 20  # the largest tenants have an API key of their own; the rest share one a region


@dataclass(frozen=True)
class Tenant:
    """A customer: its share of traffic, where its users sit, when it came."""

    tenant_id: str
    weight: float
    region: str
    starts_at_share: float  # of the simulated period; 0 = was there before it
    api_key_id: str


@dataclass(frozen=True)
class Model:
    """A model as requested and as billed, and what the company thinks it costs."""

    provider: str
    requested: str
    billed: str
    naive_input_usd: float  # per million tokens
    naive_output_usd: float
    reasons: bool = False
    writes_cache: bool = False


@dataclass(frozen=True)
class Feature:
    """A part of the product that calls models.

    Attributes:
        share: of all operations.
        routes: (model, weight) a policy period starts with.
        steps: mean operations of a unit of work (a task or a workflow run).
        services: (service that logs it, weight).
    """

    feature: str
    team: str
    endpoint: str
    workload_class: str
    share: float
    routes: tuple[tuple[str, float], ...]
    services: tuple[tuple[str, float], ...]
    input_tokens: int
    output_tokens: int
    steps: float = 1.0
    prefix_tokens: int = 0
    cache_hit_share: float = 0.0
    streamed_share: float = 0.0
    app_cache_share: float = 0.0
    batch_share: float = 0.0
    fallback: str = "gpt-4.1-mini"
    is_workflow: bool = False
    operation: str = "chat"


REGIONS = {"us": -6, "eu": 1, "apac": 8}  # hours from UTC

MODELS: tuple[Model, ...] = (
    Model("openai", "gpt-5-mini", "gpt-5-mini-2025-08-07", 0.25, 2.0, reasons=True),
    Model("openai", "gpt-5-nano", "gpt-5-nano-2025-08-07", 0.05, 0.4, reasons=True),
    Model("openai", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", 0.4, 1.6),
    Model("openai", "gpt-5.4", "gpt-5.4-2026-03-05", 2.5, 15.0, reasons=True),
    Model("openai", "gpt-5.4-mini", "gpt-5.4-mini-2026-03-17", 0.75, 4.5, reasons=True),
    Model("openai", "gpt-5.6-sol", "gpt-5.6-sol", 4.0, 20.0, reasons=True, writes_cache=True),
    Model("openai", "text-embedding-3-small", "text-embedding-3-small", 0.02, 0.0),
    Model("openai", "text-embedding-3-large", "text-embedding-3-large", 0.13, 0.0),
    Model("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", 1, 5, writes_cache=True),
    Model("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 3, 15, True, True),
    Model("anthropic", "claude-sonnet-5", "claude-sonnet-5", 2.0, 10.0, True, True),
    Model("anthropic", "claude-opus-5", "claude-opus-5", 5.0, 25.0, True, True),
    Model("google", "gemini-2.5-flash", "gemini-2.5-flash", 0.3, 2.5, reasons=True),
    Model("google", "gemini-2.5-flash-lite", "gemini-2.5-flash-lite", 0.1, 0.4),
    Model("google", "gemini-2.5-pro", "gemini-2.5-pro", 1.25, 10.0, reasons=True),
    Model("google", "gemini-3.5-flash", "gemini-3.5-flash", 1.5, 9.0, reasons=True),
    Model("google", "gemini-embedding-001", "gemini-embedding-001", 0.15, 0.0),
    Model("cohere", "rerank-v3.5", "rerank-v3.5", 0.0, 0.0),
    # planted: a model nobody has a price for, and a provider nobody has heard of
    Model("acme", "acme-internal-llm", "acme-internal-llm", 0.0, 0.0),
    Model("acme-gateway", "gpt-5-mini", "gpt-5-mini-2025-08-07", 0.25, 2.0, reasons=True),
)
MODEL_NUMBER = {m.requested: i for i, m in reversed(list(enumerate(MODELS)))}
UNKNOWN_PROVIDER_MODEL = len(MODELS) - 1

_APP = (("assistant-api", 0.9), ("otlp", 0.06), ("langfuse", 0.04))

FEATURES: tuple[Feature, ...] = (
    Feature("copilot", "assist", "/v1/copilot/chat", "realtime", 0.22,
            (("gpt-5-mini", 0.5), ("claude-sonnet-4-5", 0.3), ("gemini-2.5-flash", 0.2)),
            _APP, 3200, 420, 1.8, 2400, 0.72, 0.85, 0.01),
    Feature("smart_reply", "assist", "/v1/reply/suggest", "realtime", 0.17,
            (("gpt-4.1-mini", 0.55), ("gemini-2.5-flash-lite", 0.45)),
            _APP, 1300, 90, 1.0, 1100, 0.55, 0.3, 0.08, fallback="claude-haiku-4-5"),
    Feature("ticket_summary", "support-ai", "/v1/tickets/summary", "realtime", 0.11,
            (("claude-haiku-4-5", 0.7), ("gpt-5-mini", 0.3)),
            _APP, 2600, 210, 1.0, 1400, 0.6, 0.0, 0.03),
    Feature("ticket_triage", "support-ai", "/v1/tickets/triage", "realtime", 0.1,
            (("gpt-5-nano", 0.6), ("claude-haiku-4-5", 0.4)),
            (("assistant-api", 0.96), ("litellm", 0.04)), 1500, 40, 1.0, 1200, 0.65),
    Feature("translation", "support-ai", "/v1/translate", "realtime", 0.07,
            (("gemini-2.5-flash-lite", 0.6), ("gemini-2.5-flash", 0.4)),
            (("assistant-api", 1.0),), 800, 520, 1.0, 0, 0.0, 0.5, 0.05,
            fallback="gpt-5.4-mini"),
    Feature("rag_search", "search", "/v1/search/answer", "realtime", 0.12,
            (("gpt-5.4-mini", 0.5), ("gemini-3.5-flash", 0.3), ("claude-haiku-4-5", 0.2)),
            (("agent-runner", 0.88), ("otlp", 0.12)), 5200, 320, 3.0, 1200, 0.5, 0.6, 0.02,
            is_workflow=True),
    Feature("agent_research", "agents", "/v1/agents/research", "agents", 0.05,
            (("claude-sonnet-5", 0.5), ("gpt-5.6-sol", 0.3), ("gemini-2.5-pro", 0.2)),
            (("agent-runner", 1.0),), 6500, 700, 7.0, 4200, 0.8, 0.2,
            fallback="gpt-5.4", is_workflow=True),
    Feature("agent_resolver", "agents", "/v1/agents/resolve", "agents", 0.04,
            (("claude-sonnet-5", 0.6), ("claude-opus-5", 0.1), ("gpt-5.4", 0.3)),
            (("agent-runner", 0.9), ("litellm", 0.1)), 5000, 380, 6.0, 3600, 0.82,
            fallback="gpt-5.4", is_workflow=True),
    Feature("invoice_extract", "documents", "/internal/invoices", "batch", 0.04,
            (("gemini-2.5-pro", 0.4), ("gpt-5-mini", 0.4), ("claude-haiku-4-5", 0.2)),
            (("batch-worker", 0.95), ("csv-export", 0.05)), 4200, 600, 1.0, 1100, 0.2,
            batch_share=0.7),
    Feature("content_index", "search", "/internal/index", "batch", 0.04,
            (("text-embedding-3-large", 0.6), ("gemini-embedding-001", 0.4)),
            (("batch-worker", 1.0),), 5200, 0, 1.0, batch_share=0.2, operation="embeddings"),
    Feature("lead_enrichment", "growth", "/internal/enrich", "batch", 0.02,
            (("gpt-5-nano", 0.7), ("acme-internal-llm", 0.1), ("gemini-2.5-flash-lite", 0.2)),
            (("batch-worker", 0.75), ("parquet-export", 0.25)), 1100, 150, 1.0,
            batch_share=0.4),
    Feature("eval_suite", "quality", "/internal/evals", "evals", 0.03,
            (("gpt-5.4", 0.3), ("claude-sonnet-5", 0.3), ("gemini-2.5-flash", 0.2),
             ("claude-opus-5", 0.2)),
            (("batch-worker", 0.6), ("litellm", 0.4)), 2900, 300, 24.0, 800, 0.5,
            is_workflow=True),
)  # fmt: skip
FEATURE_NUMBER = {f.feature: i for i, f in enumerate(FEATURES)}
SERVICES = (
    "assistant-api", "agent-runner", "batch-worker", "csv-export", "parquet-export",
    "otlp", "litellm", "langfuse",
)  # fmt: skip
SERVICE_NUMBER = {service: i for i, service in enumerate(SERVICES)}

_FIRST = (
    "alder", "birch", "cobalt", "delta", "ember", "fjord", "granite", "harbor", "indigo",
    "juniper", "kestrel", "lumen", "maple", "nimbus", "onyx", "poppy", "quartz", "rowan",
    "summit", "tundra",
)  # fmt: skip
_SECOND = ("logistics", "health", "retail")


def tenants() -> tuple[Tenant, ...]:
    """Sixty customers: a few large, a long tail, eight nearly quiet, five that came later."""
    made = []
    for rank in range(60):
        name = f"{_FIRST[(rank * 7) % 20]}-{_SECOND[rank // 20]}"
        region = ("us", "eu", "us", "eu", "apac")[rank % 5]
        key = f"key_{name}" if rank < KEYED_TENANTS else f"key_shared_{region}"
        weight = 1.0 / (rank + 1) ** 1.05
        late = {11: 0.3, 19: 0.45, 27: 0.6, 34: 0.7, 41: 0.85}.get(rank, 0.0)
        made.append(Tenant(name, weight * (0.1 if rank >= 52 else 1.0), region, late, key))
    return tuple(made)
