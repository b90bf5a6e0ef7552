module schema

go 1.22.7

require (
	github.com/google/gnostic-models v0.6.9
	google.golang.org/protobuf v1.36.1
	sigs.k8s.io/kustomize/kyaml v0.20.1
)

require gopkg.in/yaml.v3 v3.0.1 // indirect
