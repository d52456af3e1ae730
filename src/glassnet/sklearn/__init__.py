"""scikit-learn's multi-layer perceptrons, by changing one import: `from glassnet.sklearn import MLPClassifier`.

The estimators are a thin face. Layers, losses, optimizers and the training loop are those of glassnet; what they add to
scikit-learn's is what these have anyway: dropout, batch normalisation, class weights, an activation for each layer,
validation data of one's own, callbacks.
"""

from importlib.util import find_spec

if find_spec("sklearn") is None:
    raise ImportError("glassnet.sklearn needs scikit-learn: pip install 'glassnet[sklearn]'")

from glassnet.sklearn.classifier import MLPClassifier
from glassnet.sklearn.convert import from_sklearn, to_sklearn
from glassnet.sklearn.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "from_sklearn", "to_sklearn"]
