"""What the scripts do, once what they need is installed. A sub-package a task; `common` is for all, and depends on none of them."""
