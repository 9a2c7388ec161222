{{/* The operator's container. */}}

{{- define "tidegate.operatorContainer" -}}
- name: operator
  image: {{ include "tidegate.image" . }}
  {{- with .Values.image.pullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  args:
    - operator
    {{- if .Values.gateway.enabled }}
    - --gateway.url=http://127.0.0.1:{{ .Values.gateway.controlPort }}
    - --control.token-file=/var/run/tidegate/control-token
    {{- else }}
    - --gateway.url=$(PUSHGATEWAY_URL)
    - --gateway.kind=pushgateway
    - --gateway.grace-period={{ .Values.gateway.gracePeriod }}
    {{- end }}
    - --operator.listen-address=:9093
    {{- with include "tidegate.operatorFlags" . }}
    {{- . | nindent 4 }}
    {{- end }}
  env:
    {{- if not .Values.gateway.enabled }}
    # URL of the Pushgateway's page.
    - name: PUSHGATEWAY_URL
      {{- if .Values.gateway.url }}
      value: {{ .Values.gateway.url }}
      {{- else }}
      valueFrom:
        secretKeyRef:
          {{- toYaml .Values.gateway.urlSecret | nindent 10 }}
      {{- end }}
    {{- end }}
    # For Events on the operator's own Pod.
    - name: POD_NAMESPACE
      valueFrom:
        fieldRef:
          fieldPath: metadata.namespace
    - name: POD_NAME
      valueFrom:
        fieldRef:
          fieldPath: metadata.name
    - name: POD_UID
      valueFrom:
        fieldRef:
          fieldPath: metadata.uid
    {{- with .Values.operator.extraVars }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: operator
      containerPort: 9093
  # Checks only that the event loop runs.
  livenessProbe:
    httpGet:
      path: /healthz
      port: operator
    initialDelaySeconds: 10
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  {{- if not .Values.gateway.enabled }}
  # A readiness probe is safe here: this Pod has no gateway that it could remove from a Service.
  readinessProbe:
    httpGet:
      path: /readyz
      port: operator
    periodSeconds: 5
    timeoutSeconds: 5
  {{- end }}
  resources:
    {{- $limit := .Values.gateway.enabled | ternary "512Mi" "1Gi" }}
    {{- merge (deepCopy .Values.operator.resources) (dict "limits" (dict "memory" $limit)) | toYaml | nindent 4 }}
  securityContext:
    {{- toYaml .Values.containerSecurityContext | nindent 4 }}
  volumeMounts:
    - name: service-account
      mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      readOnly: true
    {{- if .Values.gateway.enabled }}
    - name: control-token
      mountPath: /var/run/tidegate
      readOnly: true
    {{- end }}
{{- end -}}

{{/* The flags that have values of their own, and `operator.extraArgs`. */}}
{{- define "tidegate.operatorFlags" -}}
{{- $flags := list -}}
{{- range $kind := list "pods" "workflows" "taskruns" -}}
{{- if index $.Values.watch $kind -}}{{- $flags = append $flags (printf "--watch=%s" $kind) -}}{{- end -}}
{{- end -}}
{{- range .Values.watch.extra -}}{{- $flags = append $flags (printf "--watch=%s" .) -}}{{- end -}}
{{- range .Values.operator.namespaces -}}{{- $flags = append $flags (printf "--kubernetes.namespace=%s" .) -}}{{- end -}}
{{- if .Values.operator.dryRun -}}{{- $flags = append $flags "--dry-run" -}}{{- end -}}
{{- with .Values.operator.breakerLimit -}}
{{- $flags = append $flags (printf "--breaker.limit=%d" (int .)) -}}
{{- end -}}
{{- with .Values.operator.ownership -}}{{- $flags = append $flags (printf "--ownership=%s" .) -}}{{- end -}}
{{- with .Values.operator.drainTimeout -}}{{- $flags = append $flags (printf "--drain.timeout=%s" .) -}}{{- end -}}
{{- with .Values.operator.resync -}}{{- $flags = append $flags (printf "--operator.resync=%s" .) -}}{{- end -}}
{{- with concat $flags .Values.operator.extraArgs -}}{{- toYaml . -}}{{- end -}}
{{- end -}}
