"""Applications: the record that each keeps in the cluster, which paths it reads, and how its delivery is doing."""
