"""Asking servers: with time-outs, limits, retries and manners. Shared by whoever fetches something."""
