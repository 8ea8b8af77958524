module github.com/metabuilder/workflow-plugin-attachment-handler/examples/react

go 1.26.0

ignore ./node_modules

require (
	github.com/metabuilder/workflow-plugin-attachment-handler v0.0.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/lib/pq v1.12.3 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/metabuilder/workflow-plugin-attachment-handler => ../..
