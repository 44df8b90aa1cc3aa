{{- /* What every object of a component carries, and what selects it. Given a list: the root, the component. */}}
{{- define "sfo.selector" -}}
app.kubernetes.io/name: sfo
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}
{{- define "sfo.labels" -}}
{{ include "sfo.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
{{- end }}
{{- define "sfo.name" -}}
{{ (index . 0).Release.Name }}-{{ index . 1 }}
{{- end }}

{{- /* Of every pod. Without enableServiceLinks: false Kubernetes would set SFO_GATEWAY_PORT from a Service's name. */}}
{{- define "sfo.pod" -}}
serviceAccountName: {{ include "sfo.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with (index . 0).Values.image.pullSecrets }}
imagePullSecrets: {{ range . }}
  - name: {{ . }}{{ end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "sfo.spread" -}}
topologySpreadConstraints:
{{- $selector := include "sfo.selector" . }}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- $selector | nindent 8 }}
{{- end }}
{{- end }}

{{- define "sfo.container" -}}
{{- $root := index . 0 }}
{{- with $root.Values.image }}
image: {{ if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $root.Chart.AppVersion }}{{ end }}
imagePullPolicy: {{ .pullPolicy }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: data, mountPath: /data}
{{- if $root.Values.rulebookConfigMap }}
  - {name: rulebook, mountPath: /rulebook, readOnly: true}
{{- end }}
{{- if $root.Values.directoryConfigMap }}
  - {name: directory, mountPath: /directory, readOnly: true}
{{- end }}
{{- if $root.Values.secrets.temporal }}
  - {name: temporal, mountPath: /temporal, readOnly: true}
{{- end }}
{{- if and (eq (index . 1) "gateway") $root.Values.gateway.returnedMailClaim }}
  - {name: returned-mail, mountPath: /returned-mail}
{{- end }}
{{- if and (has (index . 1) (list "gateway" "worker")) $root.Values.keyCopiesClaim }}
  - {name: key-copies, mountPath: /key-copies}
{{- end }}
{{- end }}

{{- define "sfo.volumes" -}}
{{- $values := (index . 0).Values }}
{{- $is_gateway := eq (index . 1) "gateway" }}
volumes:
  - {name: tmp, emptyDir: {sizeLimit: 256Mi}}
{{- if and $is_gateway $values.gateway.dataClaim }}
  - {name: data, persistentVolumeClaim: {claimName: {{ $values.gateway.dataClaim }}}}
{{- else }}
  - {name: data, emptyDir: {sizeLimit: 64Mi}}
{{- end }}
{{- if and $is_gateway $values.gateway.returnedMailClaim }}
  - {name: returned-mail, persistentVolumeClaim: {claimName: {{ $values.gateway.returnedMailClaim }}}}
{{- end }}
{{- if and (has (index . 1) (list "gateway" "worker")) $values.keyCopiesClaim }}
  - {name: key-copies, persistentVolumeClaim: {claimName: {{ $values.keyCopiesClaim }}}}
{{- end }}
{{- with $values.secrets.temporal }}
  - {name: temporal, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- with $values.rulebookConfigMap }}
  - {name: rulebook, configMap: {name: {{ . }}}}
{{- end }}
{{- with $values.directoryConfigMap }}
  - {name: directory, configMap: {name: {{ . }}}}
{{- end }}
{{- end }}

{{- /* The build id, where others than the image must know it; and the name that Temporal knows our workers by. */}}
{{- define "sfo.build" -}}
{{ .Values.settings.SFO_BUILD_ID | default .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- define "sfo.deployment" -}}
{{ if .Values.worker.controller.enabled }}{{ .Release.Namespace }}/{{ include "sfo.name" (list . "worker") }}{{ else }}sfo{{ end }}
{{- end }}

{{- /* The plain settings, those of the chart included: the ConfigMap, and the Job, which runs before it is there. */}}
{{- define "sfo.settings" -}}
{{- $chart := dict "SFO_GATEWAY_HOST" "0.0.0.0" "SFO_GATEWAY_PORT" "8080" "SFO_METRICS_ADDRESS" "0.0.0.0:9464" "SFO_DATA_DIR" "/data" }}
{{- if .Values.rulebookConfigMap }}{{ $_ := set $chart "SFO_RULEBOOK_DIR" "/rulebook" }}{{ end }}
{{- if .Values.directoryConfigMap }}{{ $_ := set $chart "SFO_DIRECTORY_DIR" "/directory" }}{{ end }}
{{- if .Values.secrets.temporal }}{{ $_ := set $chart "SFO_TEMPORAL_CONFIG" "/temporal/temporal.toml" }}{{ end }}
{{- if or .Values.worker.controller.enabled .Values.worker.backlog.enabled }}{{ $_ := set $chart "SFO_BUILD_ID" (include "sfo.build" .) }}{{ end }}
{{- if .Values.worker.controller.enabled }}{{ $_ := set $chart "SFO_DEPLOYMENT" (include "sfo.deployment" .) }}{{ end }}
{{- toYaml (merge $chart .Values.settings) }}
{{- end }}

{{- define "sfo.secrets" -}}
{{- $root := index . 0 }}
{{- $names := list "SFO_DATABASE_URL" "SFO_SMTP_URL" "SFO_LINK_KEYS" "SFO_PAYLOAD_KEYS" }}
{{- if $root.Values.settings.SFO_OIDC_ISSUER }}{{ $names = append $names "SFO_OIDC_CLIENT_SECRET" }}{{ end }}
{{- if $root.Values.settings.SFO_NOTIFY_TEMPLATE }}{{ $names = concat $names (list "SFO_NOTIFY_API_KEY" "SFO_NOTIFY_CALLBACK_TOKEN") }}{{ end }}
{{- if and $root.Values.secrets.auditKey (eq (index . 1) "gateway") }}{{ $names = append $names "SFO_AUDIT_KEY" }}{{ end }}
{{- if $root.Values.secrets.keyStore }}{{ $names = append $names "SFO_KEYS_DATABASE_URL" }}{{ end }}
{{- range $names }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $root.Values.secrets.service }}, key: {{ . }}}}
{{- end }}
{{- end }}

{{- define "sfo.egress" -}}
{{- $root := index . 0 }}
- to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
  ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{- range index . 1 }}
{{- with index $root.Values.networkPolicy.egress . }}
- to: {{- toYaml .to | nindent 4 }}
  ports: [{port: {{ .port }}, protocol: TCP}]
{{- end }}
{{- end }}
{{- end }}
