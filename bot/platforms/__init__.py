"""The chat services, one module or package each, all shaped like `base.Platform`."""
