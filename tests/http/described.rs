//! The description is complete: every route, and nothing that is no route.

use std::collections::BTreeSet;

use musiccircles::http::{openapi, operators_routes, routes};
use reqwest::Method;
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
    let own = routes().listed.into_iter();
    let operators = operators_routes().into_iter().map(|(method, path, _)| (method, path));
    let watched = ["/healthz", "/readyz", "/metrics"].map(|path| (Method::GET, path));
    let served: BTreeSet<String> = own
        .chain(operators)
        .chain(watched)
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
