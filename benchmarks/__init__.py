"""What the README's figures come from: ratios, each measured in one run, so that the machine's speed cancels out."""
