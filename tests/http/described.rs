//! The description is complete: every route, and nothing that is no route.

use std::collections::BTreeSet;

use musiccircles::http::{openapi, routes};
use serde_json::Value;

fn described(description: &Value) -> BTreeSet<String> {
    let paths = description["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, methods)| {
        methods
            .as_object()
            .unwrap()
            .keys()
            .map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    all.collect()
}

#[test]
fn every_route_is_described_and_every_reference_leads_somewhere() {
    let description = openapi::description();
    let served: BTreeSet<String> = routes()
        .listed
        .iter()
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    assert_eq!(described(&description), served);
    let text = description.to_string();
    let schemas = &description["components"]["schemas"];
    for name in text
        .split("#/components/schemas/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(schemas.get(name).is_some(), "there is no schema {name}");
    }
    let mut ids = BTreeSet::new();
    for methods in description["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{operation}"
            );
        }
    }
}
