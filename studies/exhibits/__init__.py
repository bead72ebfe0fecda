"""Exhibits: targets to be met, the parts that measure them, and a figure; several studies are made of them."""
