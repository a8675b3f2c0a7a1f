"""From rows to requests: prompts, shapes of answers, parameters, and the bytes that are sent. Pure."""
