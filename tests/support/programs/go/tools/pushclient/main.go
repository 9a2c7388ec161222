// Command pushclient pushes as a Job written in Go does: with client_golang's own push package, in protobuf.
//
//	pushclient URL add|push|delete FORMAT JOB [LABEL VALUE]...
package main

import (
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
	"github.com/prometheus/common/expfmt"
)

func main() {
	if len(os.Args) < 5 || len(os.Args)%2 == 0 {
		fmt.Fprintln(os.Stderr, "usage: pushclient URL add|push|delete FORMAT JOB [LABEL VALUE]...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(url, action, format, job string, grouping []string) error {
	pusher := push.New(url, job).Gatherer(results())
	if format == "text" {
		pusher.Format(expfmt.NewFormat(expfmt.TypeTextPlain))
	}
	for i := 0; i < len(grouping); i += 2 {
		pusher.Grouping(grouping[i], grouping[i+1])
	}
	switch action {
	case "add":
		return pusher.Add()
	case "push":
		return pusher.Push()
	case "delete":
		return pusher.Delete()
	}
	return fmt.Errorf("unknown action %q", action)
}

// results has one metric of every kind, the histogram both classic and native.
func results() prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	rows := prometheus.NewCounter(prometheus.CounterOpts{Name: "client_rows_total", Help: "Rows that were written."})
	rows.(prometheus.ExemplarAdder).AddWithExemplar(102400, prometheus.Labels{"trace_id": "abc"})
	size := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "client_size_bytes", Help: "Size \"now\" \\ then."}, []string{"path"})
	size.WithLabelValues("/a \"b\"\n\\").Set(1.5e9)
	latency := prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "client_latency_seconds", Help: "Latency.", Objectives: map[float64]float64{0.5: 0.05},
	})
	latency.Observe(0.25)
	step := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "client_step_seconds", Help: "Steps.",
		Buckets: []float64{1, 10}, NativeHistogramBucketFactor: 1.1,
	})
	for _, seconds := range []float64{0.5, 0.5, 4, 20} {
		step.Observe(seconds)
	}
	registry.MustRegister(rows, size, latency, step)
	return registry
}
