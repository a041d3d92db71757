"""Which terms of a channel are its largest, image by image: the influence of source channels on target channels.

1. `patches`    what an operation reads, position by position, and its weights, for one source channel at a time.
2. `maxima`     the largest value over positions of every term: in closed form for 1x1 convolutions and identities, else
                by a batched product of weights and patches.
3. `top`        the k largest terms of each target channel, ties to the lower source channel.
4. `table`      their counts over the images of a class.
"""
