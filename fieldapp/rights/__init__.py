"""What people may ask of their own data: see it, have it corrected, withdraw, have it deleted; and
its end, when its time is over.
"""
