{{/* The Pod's template, the same for a Deployment and a StatefulSet. */}}

{{- define "tidegate.podTemplate" -}}
{{- $main := .Values.gateway.enabled | ternary "gateway" "operator" -}}
metadata:
  labels:
    {{- merge (include "tidegate.selectorLabels" . | fromYaml) (deepCopy .Values.podLabels) | toYaml | nindent 4 }}
  annotations:
    {{- merge (deepCopy .Values.podAnnotations) (dict "kubectl.kubernetes.io/default-container" $main) | toYaml | nindent 4 }}
spec:
  serviceAccountName: {{ include "tidegate.serviceAccountName" . }}
  # The operator's container mounts its own token; the gateway's container never gets one.
  automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "tidegate.podSecurityContext" . | nindent 4 }}
  {{- with .Values.global.imagePullSecrets | default .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    {{- if .Values.gateway.enabled }}
    {{- include "tidegate.gatewayContainer" . | nindent 4 }}
    {{- end }}
    {{- include "tidegate.operatorContainer" . | nindent 4 }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "tidegate.volumes" . | nindent 4 }}
  {{- with include "tidegate.affinity" . | fromYaml }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- range $field := list "hostAliases" "nodeSelector" "priorityClassName" "tolerations" "topologySpreadConstraints" }}
  {{- with index $.Values $field }}
  {{ $field }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{- define "tidegate.podSecurityContext" -}}
{{- $context := deepCopy .Values.securityContext -}}
{{- if .Values.persistentVolume.enabled -}}
{{- /* Do not change file ownership at each start if it is already correct. */ -}}
{{- $context = merge $context (dict "fsGroupChangePolicy" "OnRootMismatch") -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{- define "tidegate.affinity" -}}
{{- $affinity := deepCopy .Values.affinity -}}
{{- with .Values.podAntiAffinity -}}
{{- $labels := dict "matchLabels" (dict "app.kubernetes.io/name" (include "tidegate.name" $)) -}}
{{- $term := dict "topologyKey" $.Values.podAntiAffinityTopologyKey "labelSelector" $labels -}}
{{- if eq . "hard" -}}
{{- $hard := dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term) -}}
{{- $affinity = merge $affinity (dict "podAntiAffinity" $hard) -}}
{{- else -}}
{{- $soft := dict "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "podAffinityTerm" $term)) -}}
{{- $affinity = merge $affinity (dict "podAntiAffinity" $soft) -}}
{{- end -}}
{{- end -}}
{{- toYaml $affinity -}}
{{- end -}}

{{/* Whether the gateway has a volume for its file: "true" or nothing. */}}
{{- define "tidegate.hasData" -}}
{{- if .Values.gateway.enabled -}}
{{- if or .Values.persistentVolume.enabled (include "tidegate.hasFlag" (list . "--persistence.file")) -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tidegate.volumes" -}}
{{- if .Values.gateway.enabled -}}
# The token of the control API, in memory; each Pod has its own.
- name: control-token
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{- end }}
# The service account token. Automounting would give it to all containers; only the operator gets it.
- name: service-account
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3600
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- if and .Values.automountServiceAccountToken .Values.gateway.enabled }}
- name: no-token
  emptyDir: {}
{{- end }}
{{- if include "tidegate.hasData" . }}
{{- if not .Values.persistentVolume.enabled }}
- name: data
  emptyDir:
    {{- toYaml .Values.persistentVolume.emptyDir | nindent 4 }}
{{- else if not .Values.runAsStatefulSet }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.persistentVolume.existingClaim | default (include "tidegate.fullname" .) }}
{{- end }}
{{- end }}
{{- include "tidegate.webVolume" . }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tidegate.webVolume" -}}
{{- if .Values.tls.enabled }}
- name: web-config
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ .Values.tls.webSecret | default (printf "%s-web" (include "tidegate.fullname" .)) }}
          items:
            - key: web.yml
              path: web.yml
      - secret:
          name: {{ include "tidegate.certificateSecret" . }}
          items:
            - key: tls.crt
              path: tls.crt
            - key: tls.key
              path: tls.key
{{- else if include "tidegate.webFolder" . }}
- name: web-config
  secret:
    secretName: {{ .Values.webConfiguration.existingSecret.name | default (include "tidegate.fullname" .) }}
    defaultMode: 0440
{{- end }}
{{- end -}}
