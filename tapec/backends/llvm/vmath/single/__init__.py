"""Vector mathematics in single precision: twice as many lanes, within 2 ulp."""
