// Package blobtest proves that a [blob.Store] keeps the promises of its port.
//
//	func TestConformance(t *testing.T) {
//		blobtest.Run(t, func(t *testing.T) blob.Store { return mystore.New(t.TempDir()) })
//	}
//
// # Who lives here
//
//   - [Run]: every law of the port, each as a subtest of its own.
//   - [RunIsolation]: two stores over one backend never see each other.
//   - [Faulty]: a store that fails when told to, for testing what is built on
//     a store.
//   - [Bind]: a store whose calls all carry something in their context, such
//     as a tenant.
//
// The suite itself is tested against stores that break one law each.
package blobtest
