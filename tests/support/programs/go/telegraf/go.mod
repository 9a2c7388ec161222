module tidegate.dev/cluster/telegraf

go 1.26.7

require github.com/influxdata/telegraf v1.37.0
