"""A small real model beside the router, in a process of its own: `anvil-serving quickstart`."""
