"""Exhibits: targets to be met, the parts that measure them, and a figure; some studies are made of them."""
