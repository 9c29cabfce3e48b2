{{/* The name of all objects. */}}
{{- define "waxwing.name" -}}
{{- if contains "waxwing" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-waxwing" (.Release.Name | trunc 32 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "waxwing.selector" -}}
app.kubernetes.io/name: waxwing
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "waxwing.labels" -}}
{{ include "waxwing.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "waxwing.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "waxwing.name" .) -}}
{{- end -}}

{{- define "waxwing.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The names of the service: those for clients outside first. An ACME authority cannot check names that
only the cluster knows, so they are left out then.
*/}}
{{- define "waxwing.publicHosts" -}}
{{- if .Values.tls.acme.directory -}}
{{- join "," .Values.publicHosts -}}
{{- else -}}
{{- $inside := printf "%s.%s.svc" (include "waxwing.name" .) .Release.Namespace -}}
{{- concat .Values.publicHosts (list $inside (printf "%s.%s" $inside .Values.clusterDomain)) | uniq | join "," -}}
{{- end -}}
{{- end -}}

{{/* The ports of the Services for brokers, each with its number as a name. */}}
{{- define "waxwing.brokerPorts" -}}
{{- $ports := list -}}
{{- if .Values.brokers.sharedPorts -}}
{{- range $port := values .Values.brokers.sharedPorts -}}
{{- $ports = append $ports (int $port) -}}
{{- end -}}
{{- else -}}
{{- range $port := untilStep (int .Values.brokers.ports.first) (int (add1 .Values.brokers.ports.last)) 1 -}}
{{- $ports = append $ports $port -}}
{{- end -}}
{{- end -}}
{{- range $index, $port := $ports | uniq | sortAlpha }}
{{- if $index }}
{{ end -}}
- name: broker-{{ $port }}
  port: {{ $port }}
  targetPort: {{ $port }}
  protocol: TCP
{{- end }}
{{- end -}}

{{/* The port at which an ACME authority checks the names. */}}
{{- define "waxwing.acmePort" -}}
- name: acme
  port: 80
  targetPort: 8080
  protocol: TCP
{{- end -}}

{{/* Refuses values that the schema cannot. */}}
{{- define "waxwing.check" -}}
{{- with .Values.rootKey -}}
{{- $sources := list .passphrase.secretName .keyFile.secretName .source | compact -}}
{{- if ne (len $sources) 1 -}}
{{- fail (printf "rootKey has %d sources; expected exactly one of passphrase.secretName, keyFile.secretName and source" (len $sources)) -}}
{{- end -}}
{{- end -}}
{{- with .Values.brokers.ports -}}
{{- $count := sub (int .last) (int .first) | add1 -}}
{{- if or (lt $count 2) (gt $count 100) -}}
{{- fail (printf "brokers.ports has %d ports (%d to %d); expected 2 to 100" $count (int .first) (int .last)) -}}
{{- end -}}
{{- end -}}
{{- with .Values.tls -}}
{{- if and .acme.directory .secretName -}}
{{- fail "tls has both secretName and acme.directory; expected one certificate" -}}
{{- end -}}
{{- if and .acme.directory (not .acme.agreeTos) -}}
{{- fail "tls.acme.agreeTos is false; an order needs your agreement to the authority's terms of service" -}}
{{- end -}}
{{- if and .acme.directory (not .acme.email) -}}
{{- fail "tls.acme.email is empty; expected an address to which the authority reports problems" -}}
{{- end -}}
{{- if and (or .acme.directory .secretName) (not $.Values.publicHosts) -}}
{{- fail "tls is set without publicHosts; expected the names that the certificate is for" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.brokers.sharedPorts (not .Values.publicHosts) -}}
{{- fail "brokers.sharedPorts is set without publicHosts; expected a DNS name, below which each broker has its own" -}}
{{- end -}}
{{- if gt (len .Values.publicHosts) 14 -}}
{{- fail (printf "publicHosts has %d names; expected at most 14, as the names of the Service are added" (len .Values.publicHosts)) -}}
{{- end -}}
{{- with .Values.serviceMonitor -}}
{{- if and .enabled (not (and .tokenSecret.name .caSecret.name)) -}}
{{- fail "serviceMonitor.enabled needs tokenSecret.name and caSecret.name" -}}
{{- end -}}
{{- end -}}
{{- $taken := list (int .Values.service.apiPort) -}}
{{- if .Values.tls.acme.directory }}{{ $taken = concat $taken (list 80 8080) }}{{ end -}}
{{- range $line := include "waxwing.brokerPorts" . | fromYamlArray -}}
{{- if has (int $line.port) $taken -}}
{{- fail (printf "port %d is a port of brokers and of the API or ACME; expected different ones" (int $line.port)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
