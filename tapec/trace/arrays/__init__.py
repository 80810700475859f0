"""The array that is traced: operators, storage, views, indices, dispatch."""
