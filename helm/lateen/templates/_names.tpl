{{- define "lateen.name" -}}
{{- if contains "lateen" .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}-operator
{{- else -}}
{{ .Release.Name | trunc 43 | trimSuffix "-" }}-lateen-operator
{{- end -}}
{{- end -}}

{{- define "lateen.selector" -}}
app.kubernetes.io/name: lateen
app.kubernetes.io/component: operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "lateen.labels" -}}
{{ include "lateen.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "lateen.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
