// Prints, as YAML, the OpenAPI document that kustomize carries inside. Development only: see write_patch_schema.py.
package main

import (
	"os"

	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"
	"sigs.k8s.io/kustomize/kyaml/openapi/kubernetesapi"
)

func main() {
	document := &openapi_v2.Document{}
	read := kubernetesapi.OpenAPIMustAsset[kubernetesapi.DefaultOpenAPI]
	if err := proto.Unmarshal(read("kubernetesapi/v1_21_2/swagger.pb"), document); err != nil {
		panic(err)
	}
	text, err := document.YAMLValue("")
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(text)
}
