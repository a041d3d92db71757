"""Pictures of neurons, made with the model at hand: images that excite a neuron, and patches of real images that do."""
