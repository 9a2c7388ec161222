"""The page in a real Chromium. A package, so that the browser can have the scope of the folder."""
