//! Nothing is made here: a file that is added to the studio has the program built anew.

fn main() {
    println!("cargo:rerun-if-changed=assets/studio");
}
