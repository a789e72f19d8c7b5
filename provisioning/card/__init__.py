"""The page that a model version shows of itself: `model_card.html`."""

from provisioning.card.writer import CARD_NAME, render_card, write_card

__all__ = ["CARD_NAME", "render_card", "write_card"]
