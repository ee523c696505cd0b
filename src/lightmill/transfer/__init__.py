"""Transfer: networks trained on one set, brought to another in several ways, and compared."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "Job": "job",
        "choose_rates": "tune",
        "compare_transfer": "compare",
        "transfer_model": "tune",
    },
)
