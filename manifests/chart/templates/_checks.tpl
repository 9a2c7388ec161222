{{/* What cannot be, and what to do instead. The schema has refused what is wrong by itself. */}}

{{- define "tidegate.checks" -}}
{{- $values := .Values -}}
{{- if gt (int .Values.replicaCount) 1 -}}
{{- fail "replicaCount: the groups are in one Pod, a second would have others. Leave it at 1" -}}
{{- end -}}
{{- if and (ne .Values.strategy.type "Recreate") (not .Values.runAsStatefulSet) -}}
{{- fail "strategy.type: a new Pod beside the old one would have other groups. Leave it at Recreate" -}}
{{- end -}}
{{- if regexMatch "(^|/)(prom|prometheus)/pushgateway$" .Values.image.repository -}}
{{- fail "image.repository: that is Pushgateway's image, and this chart runs tidegate's. Leave it out, or say where you keep tidegate's" -}}
{{- end -}}
{{- if and (regexMatch "^v[01][.]" .Values.image.tag) (hasSuffix "/tidegate/tidegate" .Values.image.repository) -}}
{{- fail (printf "image.tag: %s is a version of Pushgateway, and this chart runs tidegate. Leave it out" .Values.image.tag) -}}
{{- end -}}
{{- $limit := dig "limits" "memory" "512Mi" .Values.resources | toString -}}
{{- if regexMatch "^([0-9.]+[kKm]i?|[0-9]{1,7}|[0-9]?[0-9]([.][0-9]+)?Mi?)$" $limit -}}
{{- fail (printf "resources.limits.memory: %s is too little, the gateway takes about 55Mi when it is empty. Give it 128Mi or more" $limit) -}}
{{- end -}}
{{- range .Values.extraArgs -}}
{{- if hasPrefix "--control." . -}}
{{- fail (printf "extraArgs: %s is the chart's own; the port is gateway.controlPort" .) -}}
{{- end -}}
{{- end -}}
{{- range $container := .Values.extraContainers -}}
{{- range $port := $container.ports -}}
{{- if has (int $port.containerPort) (list 9091 9093 (int $values.gateway.controlPort)) -}}
{{- fail (printf "extraContainers: %s listens on port %d, which is taken: 9091 by the gateway, 9093 by the operator, %d by gateway.controlPort, which may be another" $container.name (int $port.containerPort) (int $values.gateway.controlPort)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.persistentVolume.existingClaim (or .Values.runAsStatefulSet (not .Values.persistentVolume.enabled)) -}}
{{- fail "persistentVolume.existingClaim: it takes persistentVolume.enabled, and no runAsStatefulSet" -}}
{{- end -}}
{{- if and .Values.tls.enabled (or .Values.webConfiguration.basicAuthUsers .Values.webConfiguration.existingSecret.name) -}}
{{- fail "tls.enabled: web.yml of tls.webSecret says everything, users too. Leave webConfiguration out" -}}
{{- end -}}
{{- if and .Values.webConfiguration.basicAuthUsers .Values.webConfiguration.existingSecret.name -}}
{{- fail "webConfiguration: give either basicAuthUsers or existingSecret" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- fail "podMonitor.enabled: with serviceMonitor.enabled everything would be scraped twice. Choose one" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts: name at least one host" -}}
{{- end -}}
{{- if .Values.gateway.enabled -}}
{{- if or .Values.gateway.url .Values.gateway.urlSecret.name -}}
{{- fail "gateway.url: it is for the operator beside a Pushgateway, with gateway.enabled: false" -}}
{{- end -}}
{{- else -}}
{{- include "tidegate.besideChecks" . -}}
{{- end -}}
{{- end -}}

{{- define "tidegate.besideChecks" -}}
{{- if eq (empty .Values.gateway.url) (empty .Values.gateway.urlSecret.name) -}}
{{- fail "gateway.enabled: without a gateway, say where the Pushgateway is: gateway.url or gateway.urlSecret.name, one of them" -}}
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
{{- fail (printf "%s: it is the gateway's, and gateway.enabled is false. Leave it out" $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $route := .Values.route -}}
{{- if $route.enabled -}}{{- fail "route: it leads to the gateway, and gateway.enabled is false. Leave it out" -}}{{- end -}}
{{- end -}}
{{- end -}}
