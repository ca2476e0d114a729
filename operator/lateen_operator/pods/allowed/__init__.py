"""All that a step's podTemplate may hold; what is not named here is refused.

A Pod of a step has two containers with the store's credentials. So nothing is allowed that reaches
them: no hosts or name servers of the user's, which could send their connections elsewhere; no
labels but those that an installation allows, for a Service could take a step for a database by any
other; no projected tokens, and no drivers that could bring the store's Secret.
"""
