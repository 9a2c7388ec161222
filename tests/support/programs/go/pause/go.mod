module tidegate.dev/cluster/pause

go 1.26.7
