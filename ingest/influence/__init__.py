"""Which terms of a channel are its largest, image by image: the influence of source channels on target channels.

1. `patches`      what an operation reads, position by position, and its weights, for one source channel at a time.
2. `maxima`       the largest value over positions of every term: in closed form for 1x1 convolutions and identities,
   `patch_terms`  else by products of weights and patches, which `products` computes: the seam for a compiled kernel.
3. `top`          which terms are among the k largest of each target channel, ties to the lower source channel.
4. `table`        their counts over the images of a class.
"""
