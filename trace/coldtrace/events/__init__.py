"""CTE1: custody statements, their pieces, certificates, receipts and log leaves.  What exactly was said?"""
