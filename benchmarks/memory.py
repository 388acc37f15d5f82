"""What the 14B model needs of a GPU, computed from shapes alone: no GPU is used or measured.

python -m benchmarks.memory
"""

from wanmove_core.generation.memory import (
    BESIDE,
    fastest_way,
    kept_attention,
    needs_of,
    transformer_activations,
    transformer_weights,
    vae_peak,
)

CARDS = (8, 12, 16, 24, 40, 48, 80)  # GB
SIZES = ((832, 480), (1280, 720))


def main() -> None:
    """Print both tables."""
    billions = transformer_weights() / 1e9
    print(f"transformer: {billions:.2f} G weights; computed, GiB, {BESIDE:g} added for CUDA\n")
    print("| | " + " | ".join(f"{w}x{h}x81" for w, h in SIZES) + " |\n|---|---|---|")
    for name, compute in (
        ("transformer at work, without weights", lambda size: transformer_activations(size, 81)),
        ("VAE decode", lambda size: vae_peak(size, decodes=True)),
        ("VAE decode, tiled", lambda size: needs_of(size, 81, offload="layer", tiling=True).decode),
        ("VAE encode", lambda size: vae_peak(size, decodes=False)),
        ("kept by --cache attention, two branches", lambda size: kept_attention(size, 81)),
    ):
        print(f"| {name} | " + " | ".join(f"{compute(size):.1f}" for size in SIZES) + " |")
    print("\n| card | " + " | ".join(f"{w}x{h}" for w, h in SIZES) + " |\n|---|---|---|")
    for card in CARDS:
        cells = []
        for size in SIZES:
            found = fastest_way(card * 1e9 / 2**30, size, 81)
            cells.append("does not fit" if found is None else f"`{found[0]}`: {found[1].peak:.1f}")
        print(f"| {card} GB | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
