"""The store's upkeep: is it whole, what is in it, what can go. For people; no rule does any of this."""
