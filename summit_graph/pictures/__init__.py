"""Pictures of neurons: where they lie in a run and beside a store, their hashes, and which exist."""

from summit_graph.pictures.atlas import Atlas, draw, plan
from summit_graph.pictures.index import Picture, check_image, index_folder
from summit_graph.pictures.links import link_pictures
from summit_graph.pictures.places import PICTURES, Place, examples_path, folder_name, place_of, visualization_path
from summit_graph.pictures.shelf import NeuronPictures, RunPictures, Shelf, shelf_of

__all__ = [
    "PICTURES",
    "Atlas",
    "NeuronPictures",
    "Picture",
    "Place",
    "RunPictures",
    "Shelf",
    "check_image",
    "draw",
    "examples_path",
    "folder_name",
    "index_folder",
    "link_pictures",
    "place_of",
    "plan",
    "shelf_of",
    "visualization_path",
]
