"""What is wrong with a boot: rules over its timeline, codes on screens, and the page made of both."""
