"""Model FLOPs utilization (MFU): the share of a GPU's matrix rate that a training uses."""

from codereasoner.errors import import_extra

MATRIX_RATES = {
    "B200": 2250e12,
    "GH200": 989e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989e12,
    "A100": 312e12,
    "A10": 125e12,
    "L40S": 362e12,
    "L4": 121e12,
    "RTX 4090": 165e12,
    "RTX 3090": 71e12,
}
"""Dense bf16 operations a second of a device, as its maker's data sheet has them; the first name that fits counts."""


def matrix_rate(device: str) -> float | None:
    """Return the matrix rate of a device by its name, in operations a second; None where it is not known."""
    words = device.replace("-", " ").split()
    return next((rate for name, rate in MATRIX_RATES.items() if all(part in words for part in name.split())), None)


def full_rate(parameters: int) -> float | None:
    """Return the tokens a second at the full matrix rate of this training's GPUs; None without a known GPU.

    Source: 6 N operations a token, attention left out (arXiv:2001.08361, section 2.1).
    """
    torch = import_extra("torch", "train")
    if not torch.cuda.is_available():
        return None
    peak = matrix_rate(torch.cuda.get_device_name())
    return peak / (6.0 * parameters) if peak else None
