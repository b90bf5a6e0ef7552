"""From a commit's files to Kubernetes objects: `app.render`. Reads a tree, never a checkout and never the cluster."""
