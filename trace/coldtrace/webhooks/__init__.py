"""Webhooks: which fact is told to which other system, signed, until it was taken?"""
