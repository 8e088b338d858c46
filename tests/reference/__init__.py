"""The slow reference: the decision core written a second time, from the contract alone, to compare the product with."""
