{{/* Names, labels and the image. */}}

{{- define "tidegate.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "tidegate.fullname" -}}
{{- $name := include "tidegate.name" . -}}
{{- $made := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $made | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "tidegate.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{- define "tidegate.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "tidegate.fullname" .) "default") -}}
{{- end -}}

{{- define "tidegate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tidegate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of every object. */}}
{{- define "tidegate.labels" -}}
{{ include "tidegate.selectorLabels" . }}
app.kubernetes.io/part-of: tidegate
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* Metadata of an object: (dict "root" . "suffix" "-x" "namespace" "y" "labels" (dict) "annotations" (dict)), all
optional but "root". "cluster": true for cluster-scoped objects. */}}
{{- define "tidegate.metadata" -}}
name: {{ .name | default (printf "%s%s" (include "tidegate.fullname" .root) (.suffix | default "")) }}
{{- if not .cluster }}
namespace: {{ .namespace | default (include "tidegate.namespace" .root) }}
{{- end }}
labels:
  {{- merge (include "tidegate.labels" .root | fromYaml) (.labels | default dict) | toYaml | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "tidegate.image" -}}
{{- $repository := printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- with .Values.global.imageRegistry | default .Values.image.registry }}{{ . }}/{{ end }}{{ $repository -}}
{{- end -}}

{{/* Whether `extraArgs` have this flag: (list . "--persistence.file"). "true" or nothing. */}}
{{- define "tidegate.hasFlag" -}}
{{- $flag := index . 1 -}}
{{- range (index . 0).Values.extraArgs -}}
{{- if or (eq . $flag) (hasPrefix (printf "%s=" $flag) .) -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* The folder of the gateway's web configuration, or nothing if there is none. */}}
{{- define "tidegate.webFolder" -}}
{{- if .Values.tls.enabled -}}
/etc/tidegate
{{- else if or .Values.webConfiguration.basicAuthUsers .Values.webConfiguration.existingSecret.name -}}
/etc/config
{{- end -}}
{{- end -}}

{{- define "tidegate.certificateSecret" -}}
{{- .Values.tls.certificateSecret | default (printf "%s-tls" (include "tidegate.fullname" .)) -}}
{{- end -}}

{{/* Template names of the prometheus-pushgateway chart, for `extraManifests` written for it. */}}
{{- define "prometheus-pushgateway.name" -}}{{ include "tidegate.name" . }}{{- end -}}
{{- define "prometheus-pushgateway.fullname" -}}{{ include "tidegate.fullname" . }}{{- end -}}
{{- define "prometheus-pushgateway.namespace" -}}{{ include "tidegate.namespace" . }}{{- end -}}
{{- define "prometheus-pushgateway.serviceAccountName" -}}{{ include "tidegate.serviceAccountName" . }}{{- end -}}
{{- define "prometheus-pushgateway.selectorLabels" -}}{{ include "tidegate.selectorLabels" . }}{{- end -}}
{{- define "prometheus-pushgateway.defaultLabels" -}}{{ include "tidegate.labels" . }}{{- end -}}
