{{- /* What a worker's or a gateway's pod is made from. Given a list: the root, the component, its values. */}}
{{- define "sfo.template" -}}
{{- $root := index . 0 }}
{{- $component := index . 1 }}
{{- $values := index . 2 }}
{{- $about := list $root $component }}
metadata:
  labels: {{- include "sfo.labels" $about | nindent 4 }}
  annotations:  # settings are read once, at start
    checksum/settings: {{ include "sfo.settings" $root | sha256sum }}
spec:
  {{- include "sfo.pod" $about | nindent 2 }}
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  {{- include "sfo.spread" $about | nindent 2 }}
  containers:
    - name: {{ $component }}
      {{- include "sfo.container" $about | nindent 6 }}
      envFrom: [{configMapRef: {name: {{ $root.Release.Name }}-settings}}]
      env: {{- include "sfo.secrets" $about | nindent 8 }}
      {{- if and (eq $component "gateway") $root.Values.gateway.returnedMailClaim }}
        - {name: SFO_BOUNCE_DIR, value: /returned-mail}
      {{- end }}
      {{- if $root.Values.keyCopiesClaim }}
        - {name: SFO_KEY_BACKUP_DIR, value: /key-copies}
      {{- end }}
      resources: {{- toYaml $values.resources | nindent 8 }}
      {{- if eq $component "worker" }}
      command: [python, -m, worker]
      ports: [{name: metrics, containerPort: 9465}]
      # The worker has no health page: its metrics answer from its start on, also while it waits for Temporal.
      # That it asks for work is told by the alert WorkerNotPolling.
      {{- $probe := "httpGet: {path: /metrics, port: metrics}" }}
      startupProbe: { {{- $probe }}, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 30}
      readinessProbe: { {{- $probe }}, periodSeconds: 10, timeoutSeconds: 5}
      livenessProbe: { {{- $probe }}, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6}
      {{- else }}
      command: [sfo, gateway]
      ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9464}]
      # /ping and not /health: without Temporal or mail answers are still taken, and no restart would bring them back.
      {{- $probe := "httpGet: {path: /ping, port: http}" }}
      startupProbe: { {{- $probe }}, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 30}
      readinessProbe: { {{- $probe }}, periodSeconds: 5, timeoutSeconds: 2}
      livenessProbe: { {{- $probe }}, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6}
      {{- end }}
  {{- include "sfo.volumes" $about | nindent 2 }}
{{- end }}
