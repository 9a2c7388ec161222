{{/* Reject combinations of values that cannot work. The schema checks each value by itself. */}}

{{- define "tidegate.checks" -}}
{{- $values := .Values -}}
{{- if gt (int .Values.replicaCount) 1 -}}
{{- fail "replicaCount: the groups are in one Pod, and a second Pod would have other groups. Leave it at 1" -}}
{{- end -}}
{{- if and (ne .Values.strategy.type "Recreate") (not .Values.runAsStatefulSet) -}}
{{- fail "strategy.type: a new Pod beside the old one would have other groups. Leave it at Recreate" -}}
{{- end -}}
{{- if regexMatch "(^|/)(prom|prometheus)/pushgateway$" .Values.image.repository -}}
{{- fail "image.repository: that is Pushgateway's image, but this chart runs tidegate. Remove the value, or set the repository of tidegate's image" -}}
{{- end -}}
{{- if and (regexMatch "^v[01][.]" .Values.image.tag) (hasSuffix "/tidegate/tidegate" .Values.image.repository) -}}
{{- fail (printf "image.tag: %s is a version of Pushgateway, but this chart runs tidegate. Remove the value" .Values.image.tag) -}}
{{- end -}}
{{- $limit := dig "limits" "memory" "512Mi" .Values.resources | toString -}}
{{- if regexMatch "^([0-9.]+[kKm]i?|[0-9]{1,7}|[0-9]?[0-9]([.][0-9]+)?Mi?)$" $limit -}}
{{- fail (printf "resources.limits.memory: %s is too little: an empty gateway needs about 55Mi. Set 128Mi or more" $limit) -}}
{{- end -}}
{{- range .Values.extraArgs -}}
{{- if hasPrefix "--control." . -}}
{{- fail (printf "extraArgs: %s is set by the chart; to change the port, set gateway.controlPort" .) -}}
{{- end -}}
{{- end -}}
{{- range $container := .Values.extraContainers -}}
{{- range $port := $container.ports -}}
{{- if has (int $port.containerPort) (list 9091 9093 (int $values.gateway.controlPort)) -}}
{{- fail (printf "extraContainers: %s listens on port %d, which is in use: 9091 by the gateway, 9093 by the operator, %d by the control API (change it with gateway.controlPort)" $container.name (int $port.containerPort) (int $values.gateway.controlPort)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.persistentVolume.existingClaim (or .Values.runAsStatefulSet (not .Values.persistentVolume.enabled)) -}}
{{- fail "persistentVolume.existingClaim: set persistentVolume.enabled, and do not set runAsStatefulSet" -}}
{{- end -}}
{{- if and .Values.tls.enabled (or .Values.webConfiguration.basicAuthUsers .Values.webConfiguration.existingSecret.name) -}}
{{- fail "tls.enabled: web.yml of tls.webSecret contains the whole web configuration, including users. Remove webConfiguration" -}}
{{- end -}}
{{- if and .Values.webConfiguration.basicAuthUsers .Values.webConfiguration.existingSecret.name -}}
{{- fail "webConfiguration: set either basicAuthUsers or existingSecret" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- fail "podMonitor.enabled: with serviceMonitor.enabled everything would be scraped twice. Choose one" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts: set at least one host" -}}
{{- end -}}
{{- if .Values.gateway.enabled -}}
{{- if or .Values.gateway.url .Values.gateway.urlSecret.name -}}
{{- fail "gateway.url: only for the operator beside a Pushgateway, with gateway.enabled: false" -}}
{{- end -}}
{{- else -}}
{{- include "tidegate.besideChecks" . -}}
{{- end -}}
{{- end -}}

{{- define "tidegate.besideChecks" -}}
{{- if eq (empty .Values.gateway.url) (empty .Values.gateway.urlSecret.name) -}}
{{- fail "gateway.enabled: if false, set the Pushgateway's URL: either gateway.url or gateway.urlSecret.name" -}}
{{- end -}}
{{- range $name, $given := dict
  "extraArgs" .Values.extraArgs
  "extraVars" .Values.extraVars
  "ingress.enabled" .Values.ingress.enabled
  "lifecycle" .Values.lifecycle
  "persistentVolume.enabled" .Values.persistentVolume.enabled
  "runAsStatefulSet" .Values.runAsStatefulSet
  "tls.enabled" .Values.tls.enabled
  "webConfiguration.basicAuthUsers" .Values.webConfiguration.basicAuthUsers
  "webConfiguration.existingSecret.name" .Values.webConfiguration.existingSecret.name
-}}
{{- if $given -}}
{{- fail (printf "%s: applies only to the gateway, and gateway.enabled is false. Remove the value" $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $route := .Values.route -}}
{{- if $route.enabled -}}{{- fail "route: applies only to the gateway, and gateway.enabled is false. Remove the value" -}}{{- end -}}
{{- end -}}
{{- end -}}
