{{/* The gateway's container. */}}

{{- define "tidegate.gatewayContainer" -}}
- name: gateway
  image: {{ include "tidegate.image" . }}
  {{- with .Values.image.pullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  args:
    - gateway
    {{- if not (include "tidegate.hasFlag" (list . "--web.listen-address")) }}
    - --web.listen-address=:9091
    {{- end }}
    # Loopback: only the other container of this Pod can reach it.
    - --control.listen-address=127.0.0.1:{{ .Values.gateway.controlPort }}
    # The gateway creates this token when it starts; the operator sends it.
    - --control.token-file=/var/run/tidegate/control-token
    {{- if and .Values.persistentVolume.enabled (not (include "tidegate.hasFlag" (list . "--persistence.file"))) }}
    - --persistence.file={{ .Values.persistentVolume.mountPath }}/groups
    {{- end }}
    {{- with include "tidegate.webFolder" . }}
    - --web.config.file={{ . }}/{{ $.Values.tls.enabled | ternary "web.yml" "web-config.yaml" }}
    {{- end }}
    {{- with .Values.extraArgs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.extraVars }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  ports:
    - name: http
      containerPort: 9091
  {{- if .Values.liveness.enabled }}
  livenessProbe:
    {{- include "tidegate.probe" (list . .Values.liveness.probe) | nindent 4 }}
  {{- end }}
  {{- if .Values.readiness.enabled }}
  readinessProbe:
    {{- include "tidegate.probe" (list . .Values.readiness.probe) | nindent 4 }}
  {{- end }}
  {{- with .Values.lifecycle }}
  lifecycle:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  resources:
    {{- toYaml .Values.resources | nindent 4 }}
  securityContext:
    {{- toYaml .Values.containerSecurityContext | nindent 4 }}
  volumeMounts:
    - name: control-token
      mountPath: /var/run/tidegate
    {{- if .Values.automountServiceAccountToken }}
    # An empty folder hides the service account token.
    - name: no-token
      mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      readOnly: true
    {{- end }}
    {{- if include "tidegate.hasData" . }}
    - name: data
      mountPath: {{ .Values.persistentVolume.mountPath }}
      {{- with .Values.persistentVolume.subPath }}
      subPath: {{ . }}
      {{- end }}
    {{- end }}
    {{- with include "tidegate.webFolder" . }}
    - name: web-config
      mountPath: {{ . }}
      readOnly: true
    {{- end }}
    {{- with .Values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* A probe: (list . probe). With a web configuration the probe only checks that the port is open, because the kubelet
has neither a password nor a client certificate. */}}
{{- define "tidegate.probe" -}}
{{- $probe := index . 1 -}}
{{- if and $probe.httpGet (include "tidegate.webFolder" (index . 0)) -}}
{{- $probe = merge (omit $probe "httpGet") (dict "tcpSocket" (dict "port" $probe.httpGet.port)) -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}
