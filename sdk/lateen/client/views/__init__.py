"""What look-ups give outside a pipeline body: history and values, as the catalog records them.

Views lead to one another in circles, such as from a run to its artifacts and from these to their
run; each way back imports its view where it is taken.
"""
