"""The ground floor: image contract, errors, parameters, operators, enhancers. Needs NumPy only."""
