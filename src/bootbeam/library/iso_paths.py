"""First steps of the paths of an ISO's parts. What serves these is loaded with the first ISO (``library.images``)."""

TREE_KIND = "iso"
"""The files inside."""
CHAIN_KIND = "signed"
"""Its signed boot loaders."""
ADDITION_KINDS = ("inject", "text", "rewritten", "unpacked")
"""What its recipe adds."""
ISO_KINDS = frozenset({TREE_KIND, CHAIN_KIND, *ADDITION_KINDS})
