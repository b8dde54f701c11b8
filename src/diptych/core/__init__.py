"""The ground floor: image contract, errors, color, noise, parameters, operators, metrics, enhancers. Needs NumPy only."""
